"""The DICOM format alone: encoding, dictionaries, vendors' protocol blocks, compressed images."""
