package engine

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func TestAClaimIsReadFromComposesLabels(t *testing.T) {
	long := strings.Repeat("x", 20<<10)
	others := map[string]string{LabelService: "web"}
	for i := range 50 {
		others[strconv.Itoa(i)] = "x"
	}
	many := strings.Repeat("a:service_started:false,", 680) // as many as Compose could write
	for name, c := range map[string]struct {
		labels map[string]string
		want   Claim
	}{
		"none":      {nil, Claim{}},
		"others'":   {map[string]string{"project": "shop", "com.docker.stack": "shop"}, Claim{}},
		"some":      {map[string]string{LabelPrefix + "anything": long}, Claim{Labelled: true}},
		"a service": {map[string]string{LabelProject: "shop", LabelService: "web", LabelOneoff: "False", LabelReplace: "web-1"}, Claim{Project: "shop", Service: "web", Lasting: true, Replaces: "web-1", Labelled: true}},
		"a run":     {map[string]string{LabelOneoff: "True"}, Claim{Labelled: true}},
		"no word":   {map[string]string{LabelOneoff: "false"}, Claim{Labelled: true}},
		"two unread": {
			map[string]string{LabelOneoff: long, LabelService: "w\neb", LabelProject: "shop"},
			Claim{Project: "shop", Labelled: true, Unread: Unread{PartService, LabelService}},
		},
		"depends on": {map[string]string{LabelDependsOn: "db:service_healthy:true,job:service_completed_successfully:no,mq::::,,:x:y,old,two:service_healthy"}, Claim{
			Labelled:  true,
			DependsOn: []Dependency{{"db", Healthy, true}, {"job", Ended, false}, {"mq", Started, false}, {"old", Started, false}, {"two", Healthy, false}},
		}},
		"no dependency":      {map[string]string{LabelDependsOn: ""}, Claim{Labelled: true}},
		"too many of them":   {map[string]string{LabelDependsOn: strings.Repeat("a,", 1<<10)}, Claim{Labelled: true, Unread: Unread{PartDependsOn, LabelDependsOn}}},
		"a name too long":    {map[string]string{LabelProject: long[:257]}, Claim{Labelled: true, Unread: Unread{PartProject, LabelProject}}},
		"a name long enough": {map[string]string{LabelProject: long[:256]}, Claim{Project: long[:256], Labelled: true}},
		"all long enough": {
			map[string]string{LabelProject: long[:256], LabelService: long[:256], LabelOneoff: long[:16], LabelReplace: long[:512], LabelDependsOn: long[:16<<10]},
			Claim{Project: long[:256], Service: long[:256], Replaces: long[:512], DependsOn: []Dependency{{long[:16<<10], Started, false}}, Labelled: true},
		},
		"a service too long":     {map[string]string{LabelService: long[:257]}, Claim{Labelled: true, Unread: Unread{PartService, LabelService}}},
		"a word too long":        {map[string]string{LabelOneoff: long[:17]}, Claim{Labelled: true, Unread: Unread{PartLasting, LabelOneoff}}},
		"a reference too long":   {map[string]string{LabelReplace: long[:513]}, Claim{Labelled: true, Unread: Unread{PartReplaces, LabelReplace}}},
		"dependencies too long":  {map[string]string{LabelDependsOn: long[:16<<10+1]}, Claim{Labelled: true, Unread: Unread{PartDependsOn, LabelDependsOn}}},
		"one among many others'": {others, Claim{Service: "web", Labelled: true}},
	} {
		if got := ReadClaim(c.labels); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %.500v, want %.500v", name, got, c.want)
		}
	}
	if got := ReadClaim(map[string]string{LabelDependsOn: many}); len(got.DependsOn) != 680 || got.Unread.Part != "" {
		t.Errorf("of 680 dependencies %d are read, unread is %v", len(got.DependsOn), got.Unread)
	}
}

func TestAPartThatIsNotKnownIsNotRead(t *testing.T) {
	var c Claim
	if c.take("stack", "shop") || !reflect.DeepEqual(c, Claim{}) {
		t.Errorf("it became %+v", c)
	}
}
