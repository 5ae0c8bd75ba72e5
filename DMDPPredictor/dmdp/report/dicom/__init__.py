"""A finished result as DICOM objects of the patient's study: segmentation, structured report, parametric maps.

Built with highdicom, which is imported only when an export runs.
"""
