"""The demo province: synthetic people in the sector's own workbooks, brought in through the ordinary doors."""
