"""Training of the DMDP network: cohort → crops → folds → augmentation → epochs that survive a kill."""
