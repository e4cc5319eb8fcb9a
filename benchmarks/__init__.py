"""How fast it is: what the engine costs, and how long a step takes beside Keras.

pytest benchmarks            every figure by itself, with its spread (pytest-benchmark)
python -m benchmarks.report  the ratios that the project promises, each measured in one run
"""
