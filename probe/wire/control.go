package wire

import (
	"encoding/binary"
	"encoding/json"
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

// MessageType says which field of a Message is set.
type MessageType string

// The control messages.
const (
	TypeHello        MessageType = "hello"         // student: first message
	TypeWelcome      MessageType = "welcome"       // server: the session is open
	TypeRefused      MessageType = "refused"       // server: the request with this id is refused
	TypeTrainRequest MessageType = "train-request" // student: run a train
	TypeTrainReady   MessageType = "train-ready"   // server: it is prepared (up) or begins (down)
	TypeTrainReport  MessageType = "train-report"  // the receiver's account of a train
	TypeCount        MessageType = "count"         // student asks, server answers: receive counters
	TypeGoodput      MessageType = "goodput"       // student asks for a stream, server tells what became of it
	TypeReport       MessageType = "report"        // student: figures and warnings
	TypeReported     MessageType = "reported"      // server: a report has been taken
	TypeBye          MessageType = "bye"           // either: the session ends on purpose
)

// Message is one control message. Exactly the field that Type names is set.
type Message struct {
	Version int         `json:"v"`
	Type    MessageType `json:"type"`
	ID      uint64      `json:"id,omitempty"` // repeats in the answer

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
}

// Hello opens a session or resumes one.
type Hello struct {
	Token   string `json:"token"`            // the join token
	Client  string `json:"client"`           // client version
	System  string `json:"system"`           // operating system and architecture
	Purpose string `json:"purpose"`          // "check" or "watch"
	Resume  string `json:"resume,omitempty"` // the ticket of an earlier Welcome
	// NoExporter says that the client cannot export keys from TLS, as a browser
	// cannot: it asks for the flow's keys in Welcome.
	NoExporter bool `json:"no_exporter,omitempty"`
}

// Welcome grants a session.
type Welcome struct {
	Session string    `json:"session"` // opaque session identifier
	Resume  string    `json:"resume"`  // ticket to resume this session
	Resumed bool      `json:"resumed"` // it is the session of the ticket shown
	Server  string    `json:"server"`  // server version
	Time    time.Time `json:"time"`    // the server's wall clock
	Exam    string    `json:"exam"`    // exam identifier of the join token
	Flow    FlowID    `json:"flow"`    // the probe flow
	Grant   Grant     `json:"grant"`
	// Keys are those of the flow, for a client that has no exporter; else nil.
	Keys *ProbeKeys `json:"keys,omitempty"`
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

// Grant is what the server lets one session spend. Exceeding packets are
// dropped and counted, exceeding trains are refused.
type Grant struct {
	ProbeRate    float64 `json:"probe_rate"`     // probes per second, sustained
	TrainBytes   int64   `json:"train_bytes"`    // bytes of trains in all, both ways together
	TrainBitRate float64 `json:"train_bit_rate"` // bit/s at the IP layer one train may ask for
}

// Refusal is the closed list of reasons a server says no.
type Refusal string

// The refusals.
const (
	RefusedToken    Refusal = "token"    // not authentic, expired, or for another server
	RefusedVersion  Refusal = "version"  // protocol version not spoken here
	RefusedFull     Refusal = "full"     // the server has no room for a session
	RefusedLimit    Refusal = "limit"    // this token or address is over its limit
	RefusedBudget   Refusal = "budget"   // the session's grant is spent
	RefusedBusy     Refusal = "busy"     // a train is already running
	RefusedRequest  Refusal = "request"  // the request makes no sense
	RefusedShutdown Refusal = "shutdown" // the server is going away
)

// Refused answers a request that is not granted.
type Refused struct {
	Reason Refusal `json:"reason"`
	Detail string  `json:"detail,omitempty"`
}

// Direction is the way a train travels.
type Direction string

// The two directions.
const (
	Up   Direction = "up"   // student to server
	Down Direction = "down" // server to student
)

// TrainRequest describes a train; see the train package for what it does.
type TrainRequest struct {
	Train      TrainID       `json:"train"`
	Direction  Direction     `json:"direction"`
	PrimeRate  float64       `json:"prime_rate"`            // bit/s, IP layer
	PrimeBytes int64         `json:"prime_bytes,omitempty"` // IP-layer bytes at most in the prime
	HoldRate   float64       `json:"hold_rate,omitempty"`   // bit/s, IP layer, or less if the receiver reads less; 0: at what the receiver reads
	HoldFirst  float64       `json:"hold_first,omitempty"`  // the same before the receiver reads any rate; 0: HoldRate
	HoldTime   time.Duration `json:"hold_time,omitempty"`   // nanoseconds
	MaxBytes   int64         `json:"max_bytes,omitempty"`   // IP-layer bytes at most in all
	PacketSize int           `json:"packet_size,omitempty"` // UDP payload bytes
	StopRise   time.Duration `json:"stop_rise,omitempty"`   // one-way delay rise that ends the prime
	Target     float64       `json:"target,omitempty"`      // bit/s in question: the train ends once it is decided; 0: run in full
}

// Measures says whether a train can read a rate that is worth keeping: not one
// that is over before it could hold, which is sent to notice a fall.
func (r TrainRequest) Measures() bool { return r.MaxBytes > r.PrimeBytes }

// TrainReport is what the receiver of a train saw. Rates are IP-layer bit/s.
// A nil number is unknown; what is absent is 0, here as in a TrainRequest: an exam
// carries some thousand of both.
type TrainReport struct {
	Train     TrainID       `json:"train"`
	Direction Direction     `json:"direction"`
	Sent      int           `json:"sent,omitempty"`     // packets, from the highest index seen or the sender's own word
	Received  int           `json:"received,omitempty"` // distinct packets
	Bytes     int64         `json:"bytes,omitempty"`    // IP-layer bytes received
	Duration  time.Duration `json:"duration,omitempty"` // first to last arrival
	Rate      *float64      `json:"rate"`               // the bottleneck's rate, if it was filled
	Low       *float64      `json:"low"`                // 95 % interval of Rate, or the lower bound
	High      *float64      `json:"high"`               // upper end, nil when unbounded
	StdErr    float64       `json:"std_err,omitempty"`  // relative standard error of Rate
	Rise      time.Duration `json:"rise,omitempty"`     // highest one-way delay above the train's lowest
	Busy      int           `json:"busy,omitempty"`     // packets the estimate rests on
	Excess    int64         `json:"excess,omitempty"`   // most bytes by which it was ahead of the target; a larger token bucket hides the rate
	Outcome   string        `json:"outcome"`            // estimate, bound, or why neither

	// What the sender said of itself at the train's end; zero if that got lost.
	SenderSkipped time.Duration `json:"sender_skipped,omitempty"` // schedule its host was too late for
	SenderUnsent  int           `json:"sender_unsent,omitempty"`  // packets its host would not send
	SenderHeld    int           `json:"sender_held,omitempty"`    // packets that may have left late
}

// Count is the server's exact account of the monitor stream.
type Count struct {
	Received   uint64 `json:"received"` // distinct probes received
	Highest    Seq    `json:"highest"`
	Duplicates uint64 `json:"duplicates"`
	Reordered  uint64 `json:"reordered"`
	Dropped    uint64 `json:"dropped"` // over the grant, not reflected
}

// Report carries the student's own figures to the server. They are the
// student's claim; the server keeps them apart from what it saw itself.
type Report struct {
	Origin   string          `json:"origin"` // whose numbers these are, drawn at random
	Number   uint64          `json:"number"` // from 1, rising; numbers may be left out
	At       time.Time       `json:"at"`     // the student's wall clock
	Kind     ReportKind      `json:"kind"`
	Contents json.RawMessage `json:"contents"`
}

// ReportKind says what the contents of a report are.
type ReportKind string

// The kinds.
const (
	ReportWarning ReportKind = "warning" // a warning as it stands
	ReportMinute  ReportKind = "minute"  // the figures of about a minute
	ReportDropped ReportKind = "dropped" // what there was no room for: Dropped
	ReportVerdict ReportKind = "verdict" // what a check came to
)

// ReportKinds lists every kind.
func ReportKinds() []ReportKind {
	return []ReportKind{ReportWarning, ReportMinute, ReportDropped, ReportVerdict}
}

// Fixed by PROTOCOL.md.
const (
	// MaxReport bounds the contents of a report, in bytes.
	MaxReport = 8 << 10
	// MaxOrigin bounds the origin of a report, in bytes.
	MaxOrigin = 32
)

// Dropped is how many reports of an origin were given up so far, by kind,
// because there was no room to keep them.
type Dropped struct {
	Minutes  uint64 `json:"minutes"`
	Warnings uint64 `json:"warnings"`
}

// Reported answers a report: the student may forget it, and every one of its
// origin with a lower number.
type Reported struct {
	Number uint64 `json:"number"`
}

// Bye ends a session on purpose.
type Bye struct {
	Reason string `json:"reason"`
}

// WriteMessage writes m behind its length, four bytes, big-endian.
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

// ReadMessage reads one message and checks that it is whole, of a version
// spoken here, and carries what its type promises. It returns io.EOF only at
// the end of a message.
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

// ParseMessage reads the JSON of one message.
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

func (m Message) complete() bool {
	switch m.Type {
	case TypeHello:
		return m.Hello != nil
	case TypeWelcome:
		return m.Welcome != nil
	case TypeRefused:
		return m.Refused != nil
	case TypeTrainRequest:
		return m.TrainRequest != nil
	case TypeTrainReady:
		return true
	case TypeTrainReport:
		return m.TrainReport != nil
	case TypeCount:
		return true // empty as a question
	case TypeGoodput:
		return m.Goodput != nil
	case TypeReport:
		return m.Report != nil
	case TypeReported:
		return m.Reported != nil
	case TypeBye:
		return m.Bye != nil
	}
	return false
}
