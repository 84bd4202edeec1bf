"""File formats that `aurora import` reads: one file each, found by name.

A format of rows has `ENDINGS` and `read`: rows of one table, each with its line. A format of reports has `recognises`
(the file's first bytes) and `rows`: rows of the tables that it fills.
"""
