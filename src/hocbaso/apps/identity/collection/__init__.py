"""The collection workbook (menu 4.1.6): out with those who are not verified, back with what papers say."""
