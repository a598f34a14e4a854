"""What a rule is: a function from a file to its complaints, with samples that it must catch."""

RULES = []


def rule(*, catches):
    """Registers `check(file) -> (line number, what is wrong)...`.

    Each (path, text) of `catches` must be caught.
    """

    def register(check):
        check.catches = catches
        RULES.append(check)
        return check

    return register
