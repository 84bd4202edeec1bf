"""What work items are called."""

from ingest.demo.world import World

THINGS = {
    "Sales": ("lead list", "unit page", "contract form", "campaign inbox", "price list"),
    "Residents": ("visitor pass", "service request", "amenity calendar", "owner statement", "move-in guide"),
    "Payments": ("instalment plan", "refund form", "receipt", "card page", "service charge"),
    "Insight": ("occupancy report", "sales forecast", "campaign chart", "lead score", "weekly digest"),
    "Platform": ("sign-in page", "permission list", "message template", "document viewer", "audit trail"),
}
TITLES = {
    "story": (
        "Filter by community in the {}",
        "Export the {} to a spreadsheet",
        "Arabic texts for the {}",
        "Remember the last view of the {}",
        "Use the {} on a phone",
        "Share the {} with a colleague",
    ),
    "bug": (
        "The {} loads slowly on Mondays",
        "Dates in the {} are a day off",
        "The {} shows an entry twice",
        "Error when the {} stays open overnight",
        "Wrong totals in the {}",
    ),
    "task": (
        "Tests for the {}",
        "Move the {} to the new design",
        "Document the {}",
        "Measure the use of the {}",
        "Clean up the settings of the {}",
    ),
}


def title_of(world: World, product: str, kind: str, about: tuple[object, ...]) -> str:
    """A title that suits the product and the kind of item."""
    return world.pick(TITLES[kind], *about, "title").format(world.pick(THINGS[product], *about, "thing"))
