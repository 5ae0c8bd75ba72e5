"""From a folder of DICOM files to a CT in HU and a PET in SUV, with a record of every decision."""
