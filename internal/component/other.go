package component

// Other is what is in none of the other components.
const Other = "other"

func other() Component {
	return Component{
		Name: Other, Overhead: true,
		Parts: []Part{
			{Name: "unattributed"}, // in the server, but in none of the times that it tells
			{Name: "untimed"},      // of requests of which no server tells any time
			{Name: "serialize", Metric: "serialize_ms"},
		},
	}
}
