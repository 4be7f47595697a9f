"""The demo province: synthetic people in the sector's workbooks, brought in through the ordinary doors."""
