"""The words of a command line, put in the order in which they are read."""


def places_first(arguments: list[str]) -> list[str]:
    """--data and --config may stand anywhere on the line: they are moved before the command, where they are read."""
    first: list[str] = []
    rest: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word == "--":
            return [*first, *rest, word, *left]
        if word in ("--data", "--config") and left:
            first += [word, left.pop(0)]
        elif word.startswith(("--data=", "--config=")):
            first.append(word)
        else:
            rest.append(word)
    return first + rest
