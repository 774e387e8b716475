// The program that the precompiled header of the tests belongs to; it holds no test.
