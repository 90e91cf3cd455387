"""Models of every sort behind one contract: adapters, `load_model`, and asking a model."""

from roadworthy.models.adapt import as_model
from roadworthy.models.ask import Answers, ask
from roadworthy.models.load import load_model
from roadworthy.models.vocabulary import Vocabulary, vocabulary_of

__all__ = ["Answers", "Vocabulary", "as_model", "ask", "load_model", "vocabulary_of"]
