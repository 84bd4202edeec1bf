"""The explorer's engine: questions to the warehouse that people ask, keep and share. No page in here."""
