"""Grading that can be trusted with strangers' code: a sandbox for their kernels, a judge outside of it.

Two processes share the work. The *kernel* runs the student's cells inside bubblewrap and holds nothing worth
stealing. The *judge* holds the tests and the expected values, and asks the kernel for results; only data
crosses.
"""
