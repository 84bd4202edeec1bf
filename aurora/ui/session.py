"""Who is looking. Local mode binds to 127.0.0.1 and asks nobody; a sign-in goes here and nowhere else."""

import streamlit as st


def gate() -> None:
    """Let the visitor in, or stop the script. Runs before any page."""


def actor() -> str:
    """The name under which this visitor's edits are recorded."""
    user = st.user.to_dict() if st.user else {}
    return str(user.get("email") or user.get("name") or "local")
