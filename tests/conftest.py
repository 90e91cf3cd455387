"""Settings of the whole test suite."""

from hypothesis import settings

# A busy machine is no bug: what a law takes in time is measured by the tests of linear time, not by a deadline.
settings.register_profile("without deadlines", settings(), deadline=None)
settings.load_profile("without deadlines")
