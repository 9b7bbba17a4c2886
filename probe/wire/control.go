package wire

import (
	"encoding/binary"
	"encoding/json"
	"examlink/probe/verdict"
	"fmt"
	"io"
	"time"
)

// Fixed by PROTOCOL.md.
const (
	// ALPN is the application protocol of the QUIC connection.
	ALPN = "examlink/2"
	// ControlVersion is the version of the control messages.
	ControlVersion = 2
	// MaxMessage bounds one control message, in bytes of JSON.
	MaxMessage = 64 << 10
)

// MessageType is the type of a Message; it determines which field is set.
type MessageType string

// The control messages.
const (
	TypeHello        MessageType = "hello"         // student: first message
	TypeWelcome      MessageType = "welcome"       // server: the session is open
	TypeRefused      MessageType = "refused"       // server: the request with this id is refused
	TypeTrainRequest MessageType = "train-request" // student: run a train
	TypeTrainReady   MessageType = "train-ready"   // server: ready to receive (up) or starting to send (down)
	TypeTrainReport  MessageType = "train-report"  // the receiver's report on a train
	TypeCount        MessageType = "count"         // student asks, server answers: receive counters
	TypeGoodput      MessageType = "goodput"       // student requests a stream, server reports the result
	TypeReport       MessageType = "report"        // student: figures and warnings
	TypeReported     MessageType = "reported"      // server: a report was accepted
	TypeBye          MessageType = "bye"           // either: ends the session on purpose
	TypeArrivals     MessageType = "arrivals"      // page: how the packets of a train arrived
	TypeProgress     MessageType = "progress"      // server to page: how far its check is
	TypeWatched      MessageType = "watched"       // server to page: how its watch goes
	TypePresent      MessageType = "present"       // page: what it has of its watch, and when it was away
	TypeEquipment    MessageType = "equipment"     // page: what it found; server: what the exam makes of it
	TypeRehearse     MessageType = "rehearse"      // page: first message; take webcam and screen by WebRTC
	TypeRehearsal    MessageType = "rehearsal"     // server to page: the answer, how it goes, what came of it
	TypeRehearsed    MessageType = "rehearsed"     // page: what its browser counted
)

// Message is one control message. Exactly the field named by Type is set.
type Message struct {
	Version int         `json:"v"`
	Type    MessageType `json:"type"`
	ID      uint64      `json:"id,omitempty"` // repeated in the answer

	Hello        *Hello        `json:"hello,omitempty"`
	Welcome      *Welcome      `json:"welcome,omitempty"`
	Refused      *Refused      `json:"refused,omitempty"`
	TrainRequest *TrainRequest `json:"train_request,omitempty"`
	TrainReport  *TrainReport  `json:"train_report,omitempty"`
	Count        *Count        `json:"count,omitempty"`
	Goodput      *Goodput      `json:"goodput,omitempty"`
	Report       *Report       `json:"report,omitempty"`
	Reported     *Reported     `json:"reported,omitempty"`
	Bye          *Bye          `json:"bye,omitempty"`
	Arrivals     *Arrivals     `json:"arrivals,omitempty"`
	Progress     *Progress     `json:"progress,omitempty"`
	Watched      *Watched      `json:"watched,omitempty"`
	Present      *Present      `json:"present,omitempty"`
	Equipment    *Equipment    `json:"equipment,omitempty"`
	Rehearse     *Rehearse     `json:"rehearse,omitempty"`
	Rehearsal    *Rehearsal    `json:"rehearsal,omitempty"`
	// Rehearsed is what the page's browser counted, as package rehearsal has it.
	Rehearsed json.RawMessage `json:"rehearsed,omitempty"`
}

// The purposes of a session.
const (
	PurposeCheck = "check"
	PurposeWatch = "watch"
)

// Hello opens a session or resumes one.
type Hello struct {
	Token   string `json:"token"`            // the join token
	Client  string `json:"client"`           // client version
	System  string `json:"system"`           // operating system and architecture
	Purpose string `json:"purpose"`          // PurposeCheck, PurposeWatch or PurposeEquipment
	Resume  string `json:"resume,omitempty"` // the ticket of an earlier Welcome
	// Time is the client's wall clock, which shows a server whose own is wrong; zero:
	// not told.
	Time time.Time `json:"time,omitzero"`
	// NoExporter means that the client, such as a browser, cannot export keys from
	// TLS and requests the flow's keys in Welcome.
	NoExporter bool `json:"no_exporter,omitempty"`
	// Led means that the client, a page in a browser, only answers: the server runs the
	// check, and packets are not sealed beyond the connection they travel in.
	Led bool `json:"led,omitempty"`
	// Without says why a page does not use WebTransport; empty: it does.
	Without Without `json:"without,omitempty"`
}

// Welcome grants a session.
type Welcome struct {
	Session string    `json:"session"` // opaque session identifier
	Resume  string    `json:"resume"`  // ticket to resume this session
	Resumed bool      `json:"resumed"` // the session is that of the ticket
	Server  string    `json:"server"`  // server version
	Time    time.Time `json:"time"`    // the server's wall clock
	Exam    string    `json:"exam"`    // exam identifier of the join token
	Flow    FlowID    `json:"flow"`    // the probe flow
	// Policy is what the exam's links are judged by; nil: the client's own choice.
	Policy *verdict.Policy `json:"policy,omitempty"`
	Grant  Grant           `json:"grant"`
	// Keys are the flow's keys for a client without exporter; otherwise nil.
	Keys *ProbeKeys `json:"keys,omitempty"`
	// HeadKey is the public key, Ed25519 in base64url, with which the server countersigns
	// heads of records; empty: it signs none.
	HeadKey string `json:"head_key,omitempty"`
}

// ProbeKeys are the two keys of a probe flow, KeySize bytes each.
type ProbeKeys struct {
	Student []byte `json:"student"` // of the packets the student sends
	Server  []byte `json:"server"`  // of the packets the server sends
}

// Validate checks the keys' sizes.
func (k ProbeKeys) Validate() error {
	if len(k.Student) != KeySize || len(k.Server) != KeySize {
		return fmt.Errorf("probe keys of %d and %d bytes, expected %d", len(k.Student), len(k.Server), KeySize)
	}
	return nil
}

// Grant is the allowance of one session. Excess packets are dropped and
// counted, excess trains are refused.
type Grant struct {
	ProbeRate    float64 `json:"probe_rate"`     // probes per second, sustained
	TrainBytes   int64   `json:"train_bytes"`    // bytes of all trains, both directions together
	TrainBitRate float64 `json:"train_bit_rate"` // highest rate of one train, bit/s at the IP layer
}

// Refusal is the closed list of refusal reasons.
type Refusal string

// The refusals.
const (
	RefusedToken    Refusal = "token"    // not authentic, expired, or for another server
	RefusedVersion  Refusal = "version"  // unsupported protocol version
	RefusedFull     Refusal = "full"     // the server has no room for a session
	RefusedLimit    Refusal = "limit"    // this token or address is over its limit
	RefusedBudget   Refusal = "budget"   // the session's grant is spent
	RefusedBusy     Refusal = "busy"     // a train is already running
	RefusedRequest  Refusal = "request"  // invalid request
	RefusedShutdown Refusal = "shutdown" // the server is shutting down
)

// Refused answers a refused request.
type Refused struct {
	Reason Refusal `json:"reason"`
	Detail string  `json:"detail,omitempty"`
}

// Direction is the direction of a train.
type Direction string

// The two directions.
const (
	Up   Direction = "up"   // student to server
	Down Direction = "down" // server to student
)

// TrainRequest describes a train; package train defines its meaning.
type TrainRequest struct {
	Train      TrainID       `json:"train"`
	Direction  Direction     `json:"direction"`
	PrimeRate  float64       `json:"prime_rate"`            // bit/s, IP layer
	PrimeBytes int64         `json:"prime_bytes,omitempty"` // maximum IP-layer bytes of the prime
	HoldRate   float64       `json:"hold_rate,omitempty"`   // bit/s, IP layer, or less if the receiver measures less; 0: the receiver's rate
	HoldFirst  float64       `json:"hold_first,omitempty"`  // hold rate until the receiver has measured one; 0: HoldRate
	HoldTime   time.Duration `json:"hold_time,omitempty"`   // nanoseconds
	MaxBytes   int64         `json:"max_bytes,omitempty"`   // maximum IP-layer bytes in total
	PacketSize int           `json:"packet_size,omitempty"` // UDP payload bytes
	StopRise   time.Duration `json:"stop_rise,omitempty"`   // one-way delay rise that ends the prime
	Target     float64       `json:"target,omitempty"`      // bit/s in question: the train ends once decided; 0: run in full
}

// Measures reports whether the train can measure a rate worth keeping. A train
// without a hold cannot; it only serves to notice a fall.
func (r TrainRequest) Measures() bool { return r.MaxBytes > r.PrimeBytes }

// TrainReport is the receiver's report on a train. Rates are IP-layer bit/s. A
// nil number is unknown; absent fields are 0, as in TrainRequest, because an
// exam carries thousands of both.
type TrainReport struct {
	Train     TrainID       `json:"train"`
	Direction Direction     `json:"direction"`
	Sent      int           `json:"sent,omitempty"`     // packets, from the highest index seen or reported by the sender
	Received  int           `json:"received,omitempty"` // distinct packets
	Bytes     int64         `json:"bytes,omitempty"`    // IP-layer bytes received
	Duration  time.Duration `json:"duration,omitempty"` // first to last arrival
	Rate      *float64      `json:"rate"`               // the bottleneck's rate, if it was filled
	Low       *float64      `json:"low"`                // 95 % interval of Rate, or the lower bound
	High      *float64      `json:"high"`               // upper end, nil when unbounded
	StdErr    float64       `json:"std_err,omitempty"`  // relative standard error of Rate
	Rise      time.Duration `json:"rise,omitempty"`     // highest one-way delay above the train's lowest
	Busy      int           `json:"busy,omitempty"`     // packets used for the estimate
	Excess    int64         `json:"excess,omitempty"`   // most bytes ahead of the target; a larger token bucket hides the rate
	Outcome   string        `json:"outcome"`            // estimate, bound, or the reason for neither

	// Reported by the sender at the train's end; zero if that was lost.
	SenderSkipped time.Duration `json:"sender_skipped,omitempty"` // schedule skipped because the host was late
	SenderUnsent  int           `json:"sender_unsent,omitempty"`  // packets the host did not send
	SenderHeld    int           `json:"sender_held,omitempty"`    // packets that may have left late
}

// Count holds the server's exact counts of the monitor stream.
type Count struct {
	Received   uint64 `json:"received"` // distinct probes received
	Highest    Seq    `json:"highest"`
	Duplicates uint64 `json:"duplicates"`
	Reordered  uint64 `json:"reordered"`
	Dropped    uint64 `json:"dropped"` // over the grant, not echoed
}

// Fixed by PROTOCOL.md.
const (
	// MaxReport bounds the contents of a report, in bytes.
	MaxReport = 8 << 10
	// MaxOrigin bounds the origin of a report, in bytes.
	MaxOrigin = 32
)

// Bye ends a session on purpose.
type Bye struct {
	Reason string `json:"reason"`
}

// WriteMessage writes m preceded by its length, four bytes, big-endian.
func WriteMessage(w io.Writer, m Message) error {
	m.Version = ControlVersion
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode %s message: %w", m.Type, err)
	}
	if len(body) > MaxMessage {
		return fmt.Errorf("%s message of %d bytes, at most %d", m.Type, len(body), MaxMessage)
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	_, err = w.Write(append(b, body...))
	return err
}

// ReadMessage reads one message and checks that it is complete, of a supported
// version, and has the contents of its type. It returns io.EOF only at a
// message boundary.
func ReadMessage(r io.Reader) (Message, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return Message{}, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n == 0 || n > MaxMessage {
		return Message{}, fmt.Errorf("control message of %d bytes, expected 1 to %d", n, MaxMessage)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return Message{}, err
	}
	return ParseMessage(body)
}

// ParseMessage parses the JSON of one message.
func ParseMessage(body []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		return Message{}, fmt.Errorf("control message: %w", err)
	}
	if m.Version != ControlVersion {
		return Message{}, fmt.Errorf("control message version %d, expected %d", m.Version, ControlVersion)
	}
	if !m.complete() {
		return Message{}, fmt.Errorf("control message of type %q without its contents", m.Type)
	}
	return m, nil
}
