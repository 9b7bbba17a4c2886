package computer

import (
	"os"

	"examlink/probe/equipment"
)

func system() equipment.System { return linuxSystem(os.DirFS("/")) }

func tablet() *bool { return linuxTablet(os.DirFS("/")) }

func virtualMachine() *equipment.VirtualMachine { return linuxSigns(os.DirFS("/")) }
