"""Tests of the scripts: what a bare machine does with them, and the commands of the container."""
