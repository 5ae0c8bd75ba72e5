"""Where is the tumour? Contours that a person can check and change."""
