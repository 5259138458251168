"""Tests of the house itself: who may know whom, and what import linters cannot see."""
