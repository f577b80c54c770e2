"""The outside systems by name, for programs that have no Django: `outside_systems` makes them."""

# Whose operator has confirmed that an order sent twice is made once, and it is.
REPEATING_SAFELY = "repeating safely"
SYSTEMS = ("ordino", f"ordino, {REPEATING_SAFELY}", "onebox", "openticket", "voordemensen")
