"""How each operation lies on the array, from the planners: traffic, arithmetic, lower bounds, tables and pictures.

`python -m aiebuild.report.mapping docs/mapping.md` writes the page's tables and the pictures beside it anew.
"""
