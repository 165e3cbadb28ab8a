"""The timing model: a design's run in virtual time. Everything it says is modelled, nothing measured.

`trace` records what the cores of a design do on the host target, with the issue slots of each kernel call; `costs`
holds what things take and where that is from; `program` turns a design, a sequence and a trace into the words of the
discrete-event engine (`src/simulate.cc`); `simulate` runs it.
"""
