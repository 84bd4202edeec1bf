"""The reports, one file each: `report = Report(...)` in a new file here is a new report everywhere."""
