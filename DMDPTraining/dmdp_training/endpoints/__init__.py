"""The half of each endpoint that only training and studies need: scores, metrics, calibration, learners, chance."""
