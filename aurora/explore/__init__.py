"""The SQL explorer's engine: questions of people, answered in a process of their own."""
