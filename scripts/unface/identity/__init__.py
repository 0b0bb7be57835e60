"""Who somebody is: key and pseudonyms, ages, identifiers, the forms in which they are written, search for them."""
