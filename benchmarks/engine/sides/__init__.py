"""What runs inside each engine's own interpreter: a producer and the one task, spelt its way.

Nothing here may import more than the standard library and the engine itself.
"""
