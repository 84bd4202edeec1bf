"""Choices that stand in the URL by their ids while the visitor sees names; bound widgets write what they show.

Each widget has a key made of what the URL says, so that a link, a button or the browser's way back changes it.
"""

from collections.abc import Callable, Mapping

import streamlit as st


def one(label: str, names: Mapping[str, str], param: str) -> str:
    """A segmented control over id -> name, of which one is always chosen, else the first; ?<param>= has its id."""
    chosen, key, keep = _kept(param, names)
    first = chosen[0] if chosen else next(iter(names))
    st.segmented_control(
        label, list(names), default=first, required=True, key=key, on_change=keep, label_visibility="collapsed",
        format_func=lambda word: names[word],
    )  # fmt: skip
    return first


def one_or_none(label: str, names: Mapping[str, str], param: str, width: int = 240) -> str | None:
    """A select box over id -> name, None while nothing is chosen; ?<param>= has the id."""
    chosen, key, keep = _kept(param, names)
    st.selectbox(
        label, list(names), index=list(names).index(chosen[0]) if chosen else None, key=key, on_change=keep,
        format_func=lambda word: names[word], placeholder=label, label_visibility="collapsed", width=width,
    )  # fmt: skip
    return chosen[0] if chosen else None


def several(label: str, names: Mapping[str, str], param: str) -> list[str]:
    """Pills over id -> name, none meaning all; ?<param>= has the ids."""
    chosen, key, keep = _kept(param, names)
    st.pills(
        label, list(names), default=chosen, selection_mode="multi", key=key, on_change=keep,
        format_func=lambda word: names[word], label_visibility="collapsed",
    )  # fmt: skip
    return chosen


def _kept(param: str, names: Mapping[str, str]) -> tuple[list[str], str, Callable[[], None]]:
    """The known ids in the URL, the key of the widget for them, and what writes its answer to the URL."""
    chosen = [word for word in dict.fromkeys(st.query_params.get_all(param)) if word in names]
    key = f"{param}={'&'.join(chosen)}"

    def keep() -> None:
        if answer := st.session_state[key]:
            st.query_params[param] = answer
        else:
            st.query_params.pop(param, None)

    return chosen, key, keep
