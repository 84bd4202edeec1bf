"""Aurora: a Tech Command Center on one lake and one warehouse."""

__version__ = "0.2.0"
