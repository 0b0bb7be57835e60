"""Raw DICOM: inventory, confidentiality profile, header rewriting."""
