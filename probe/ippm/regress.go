package ippm

import "math"

// plane is the least-squares fit y = a + b*x + c*z.
type plane struct {
	b, c     float64
	sb, sc   float64 // standard errors of b and c
	rss      float64 // residual sum of squares
	n        int
	singular bool // x and z, or x alone, do not vary enough to fit
}

// fitLine fits y = a + b*x.
func fitLine(x, y []float64) plane { return fitPlane(x, nil, y) }

// fitPlane fits y = a + b*x + c*z; z may be nil. Standard errors allow for
// autocorrelated residuals, such as those of a queue.
func fitPlane(x, z, y []float64) plane {
	n := len(x)
	p := plane{n: n}
	params := 2
	if z != nil {
		params = 3
	}
	if n <= params {
		p.singular = true
		return p
	}
	mx, my, mz := mean(x), mean(y), 0.0
	if z != nil {
		mz = mean(z)
	}
	var sxx, szz, sxz, sxy, szy float64
	for i := range n {
		dx, dy := x[i]-mx, y[i]-my
		sxx += dx * dx
		sxy += dx * dy
		if z != nil {
			dz := z[i] - mz
			szz += dz * dz
			sxz += dx * dz
			szy += dz * dy
		}
	}
	var ixx, izz float64 // diagonal of the inverse of the normal matrix
	if z == nil {
		if sxx <= 0 {
			p.singular = true
			return p
		}
		p.b, ixx = sxy/sxx, 1/sxx
	} else {
		det := sxx*szz - sxz*sxz
		if det <= 1e-9*sxx*szz || det <= 0 {
			p.singular = true
			return p
		}
		p.b = (sxy*szz - szy*sxz) / det
		p.c = (szy*sxx - sxy*sxz) / det
		ixx, izz = szz/det, sxx/det
	}
	res := make([]float64, n)
	for i := range n {
		res[i] = y[i] - my - p.b*(x[i]-mx)
		if z != nil {
			res[i] -= p.c * (z[i] - mz)
		}
		p.rss += res[i] * res[i]
	}
	s2 := p.rss / float64(n-params) * inflation(res, p.rss)
	p.sb, p.sc = math.Sqrt(s2*ixx), math.Sqrt(s2*izz)
	return p
}

// maxLags bounds the lag up to which autocorrelation is computed.
const maxLags = 200

// inflation returns the ratio of the variance of a fitted slope to that under
// independent residuals: one plus twice the sum of the residuals'
// autocorrelations, up to the first that is not positive.
func inflation(res []float64, rss float64) float64 {
	if rss <= 0 {
		return 1
	}
	sum := 1.0
	for lag := 1; lag <= min(len(res)/3, maxLags); lag++ {
		var c float64
		for i := lag; i < len(res); i++ {
			c += res[i] * res[i-lag]
		}
		if c <= 0 {
			break
		}
		sum += 2 * c / rss
	}
	return sum
}

func mean(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x
	}
	return s / float64(len(v))
}
