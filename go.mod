module examlink

go 1.26
