"""Save a model as MLflow's own: from the file of the first argument into the folder of the second."""

import sys

import joblib
import mlflow.sklearn

if __name__ == "__main__":
    source, folder = sys.argv[1:]
    mlflow.sklearn.save_model(joblib.load(source), folder, pip_requirements=["scikit-learn"])
