"""Reading the files that declare the estate: applications, teams, rules and what belongs to what."""
