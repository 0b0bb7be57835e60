"""Who somebody is: key and pseudonyms, ages, spellings of names and dates, words of one's own."""
