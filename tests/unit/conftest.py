"""How many examples a property is shown: 25, and eighty times as many with `--hypothesis-profile thorough`.

No example has a deadline: how long one takes says how busy the machine is.
"""

from hypothesis import settings

settings.register_profile("quick", max_examples=25, deadline=None, print_blob=True)
settings.register_profile("thorough", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("quick")
