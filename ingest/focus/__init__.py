"""FOCUS, the FinOps cost and usage specification: exports of any version from 1.0 to 1.3, in and out."""
