"""What compare.py is made of: programs, how they are measured, what is compared, what is said."""
