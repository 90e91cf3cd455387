"""The demo: the story, told by running it, and the screen that shows it."""

from roadworthy.demo.screen import print_story
from roadworthy.demo.story import Story, tell_story

__all__ = ["Story", "print_story", "tell_story"]
