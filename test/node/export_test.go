package node

// CheckNothingLeft is for the tests that see the package from outside.
var CheckNothingLeft = checkNothingLeft
