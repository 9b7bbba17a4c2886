// Package view is what a watch shows a person: the link's state in a word and a line,
// warnings in words, the points of charts, and the page that shows them. The program's
// terminal and its local window use it, and so does the tab of a watch that a server
// leads.
//
// It knows neither listeners nor connections: who serves the page hands it its states.
package view
