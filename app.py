"""The web app: who may come in, which pages there are, and the frame around them."""

import streamlit as st

from aurora.settings import ROOT
from aurora.ui.export import exported
from aurora.ui.frame import notices, pause_control, watch
from aurora.ui.navigation import sections
from aurora.ui.session import gate

st.set_page_config(page_title="Aurora", page_icon=str(ROOT / "static" / "aurora.svg"), layout="wide")
st.logo(str(ROOT / "static" / "logo.svg"), icon_image=str(ROOT / "static" / "aurora.svg"), size="large")

st.html(ROOT / "static" / "aurora.css")
gate()
page = st.navigation(sections(ROOT / "pages"), expanded=True)
st.set_page_config(page_title=f"{page.title} · Aurora")
pause_control()
notices()
with exported():
    page.run()
watch()
