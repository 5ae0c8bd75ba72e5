"""Choosing features inside a fold: mRMR and LASSO for CT, recursive elimination for PET, and the sets that are compared."""
