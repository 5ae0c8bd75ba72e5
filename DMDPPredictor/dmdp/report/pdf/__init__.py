"""The report page on paper: ``report.html`` is laid out as PDF, so that its wording exists once.

Built with ReportLab, which is imported only when a PDF is made; text in DejaVu Sans, which comes with Matplotlib.
"""
