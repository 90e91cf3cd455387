"""FastAPI and scikit-learn as their documentations show them: load, `async def`, predict. MODEL names the file."""

import os
from typing import Any

import joblib
from fastapi import FastAPI
from pydantic import BaseModel

model: Any = joblib.load(os.environ["MODEL"])
app = FastAPI()


class Message(BaseModel):
    """What is asked."""

    text: str


class Answer(BaseModel):
    """What is answered."""

    label: str
    confidence: float


@app.post("/predict")
async def predict(message: Message) -> Answer:
    """Classify a message."""
    probabilities = model.predict_proba([message.text])[0]
    best = probabilities.argmax()
    return Answer(label=str(model.classes_[best]), confidence=float(probabilities[best]))
