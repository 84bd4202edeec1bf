"""Objectives of other tools: files of Sloth and OpenSLO become `[[slo]]` entries of the registry."""
