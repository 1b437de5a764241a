"""Loads the Open University Learning Analytics Dataset as it stood on one day of its courses.

Kuzilek J., Hlosta M., Zdrahal Z., "Open University Learning Analytics dataset", Scientific Data 4:170171, 2017,
licence CC BY 4.0. The data is not part of the project.
"""
